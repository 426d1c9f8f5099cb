"""What a token does at each kind of BPMN element.

Sections in docstrings are those of BPMN 2.0.2 (formal/2013-12-09).
"""
