"""Task forms: form-js schemas and the server-side check made from each.

A form file is read once at deployment (`parse_form`), opened with `form_initial_data`, rendered
by form-js in the browser, and what comes back is checked by `check_form` against the same schema.
The forms that ship are the ``.form`` files beside this module.
"""

from forms.check import FormResult, check_form, parse_form
from forms.errors import FormError
from forms.faults import find_faults
from forms.initial import form_initial_data
from forms.schema import Form, form_keys

__all__ = [
    "Form",
    "FormError",
    "FormResult",
    "check_form",
    "find_faults",
    "form_initial_data",
    "form_keys",
    "parse_form",
]
