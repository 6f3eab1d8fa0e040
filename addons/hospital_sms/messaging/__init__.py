"""What the queue decides without a database: how fast, whose turn, when again, what a message's state is."""
