/** The filters of a view in words, for what leaves the page and for the log. */
export function filtersInWords(searchModel) {
    return searchModel.facets
        .filter((facet) => facet.type !== "groupBy")
        .map(({ title, values, separator }) => {
            const text = values.join(` ${separator} `);
            return title && title !== text ? `${title}: ${text}` : text;
        })
        .join("; ");
}
