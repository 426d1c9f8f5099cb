"""User tasks: who may work on them, their forms, the inbox."""
