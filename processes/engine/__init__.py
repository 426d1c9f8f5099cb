"""The engine: the only package that knows SpiffWorkflow and lxml.

It is a pure library: it reads no clock, opens no connection, keeps nothing between calls.

Deploying a file::

    model = parse_model(xml)                      # raises ModelErrors with every fault at once
    spec = compile_process(model, "lead")         # a ProcessSpec: immutable, to be cached

Running an instance, one step per transaction::

    step = start(spec, host, {"lead_id": 7})      # or load(spec, snapshot, host)
    step.complete(token_id, {"fit": True})        # each command advances to the next wait states
    step.changes                                  # what it did, in order (see `changes`)
    step.snapshot()                               # bytes to be saved with it
"""
