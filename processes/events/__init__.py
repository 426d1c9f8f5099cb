"""Messages, signals, facts, conditions and timers on their way to processes."""
