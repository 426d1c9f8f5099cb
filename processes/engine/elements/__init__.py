"""What a token does at each kind of BPMN element."""
