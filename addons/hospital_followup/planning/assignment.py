"""Share the day's new tasks out among the day's workers."""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush


def share_out(
    tasks: Iterable[tuple[int, int]],
    loads: Mapping[int, int],
    capacities: Mapping[int, int],
    previous: Mapping[int, int],
) -> dict[int, int]:
    """Return ``{task: worker}`` for ``tasks``, pairs of task and patient.

    ``loads`` are the open tasks of each of today's workers, ``capacities`` how many each takes at
    most (none named: no limit), ``previous`` who last had a patient. A patient goes to the worker
    who knows him or her, whatever the load; all tasks of one patient go to one worker; each
    other patient goes to whoever has least. Tasks beyond everybody's capacity stay without owner.

    >>> share_out([(1, 10), (2, 11), (3, 12)], {7: 0, 8: 0}, {}, {})
    {1: 7, 2: 8, 3: 7}
    >>> share_out([(1, 10), (2, 11)], {7: 5, 8: 0}, {}, {10: 7})
    {1: 7, 2: 8}
    >>> share_out([(1, 10), (2, 10), (3, 11)], {7: 0, 8: 0}, {}, {})
    {1: 7, 2: 7, 3: 8}
    >>> share_out([(1, 10), (2, 11), (3, 12)], {7: 0, 8: 0}, {7: 1, 8: 1}, {})
    {1: 7, 2: 8}
    """
    loads = dict(loads)
    by_patient: dict[int, list[int]] = {}
    for task, patient in tasks:
        by_patient.setdefault(patient, []).append(task)
    shares: dict[int, int] = {}

    def give(patient: int, worker: int) -> None:
        shares.update(dict.fromkeys(by_patient[patient], worker))
        loads[worker] += len(by_patient[patient])

    known = {patient: previous[patient] for patient in by_patient if previous.get(patient) in loads}
    for patient, worker in known.items():
        give(patient, worker)
    queue = [(load, worker) for worker, load in loads.items()]
    heapify(queue)
    for patient in by_patient:
        if patient in known:
            continue
        while queue and queue[0][0] >= capacities.get(queue[0][1], float("inf")):
            heappop(queue)
        if not queue:
            break
        _load, worker = heappop(queue)
        give(patient, worker)
        heappush(queue, (loads[worker], worker))
    return shares
