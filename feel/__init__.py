"""The FEEL expression language (DMN 1.5, chapter 10).

`compile_expression` and `compile_unary_tests` make objects that are called with a context;
`evaluate` does both at once. It depends on no other package of the project.
"""

from feel.codec import from_json, to_exchange, to_json, to_plain
from feel.convert import (
    from_python_temporal,
    to_date,
    to_datetime,
    to_time,
    to_timedelta,
)
from feel.dates import FeelDate, FeelDateTime, FeelTime
from feel.durations import DayTimeDuration, YearMonthDuration
from feel.errors import FeelError, FeelLimitError, FeelSyntaxError, FeelValueError
from feel.expression import (
    Expression,
    UnaryTests,
    comparisons,
    compile_expression,
    compile_test_list,
    compile_unary_tests,
    entries_used,
    evaluate,
    names_used,
    null_without,
)
from feel.format import format_value
from feel.run import Run
from feel.types import make_parameter
from feel.values import (
    FeelContext,
    Function,
    Parameter,
    Range,
    Value,
    invoke,
    normalise,
)
from feel.working_calendar import (
    CalendarRangeError,
    Calendars,
    UnknownCalendarError,
    WorkingCalendar,
)
from feel.working_hours import CalendarError, SpecialDay

__all__ = [
    "CalendarError",
    "CalendarRangeError",
    "Calendars",
    "DayTimeDuration",
    "Expression",
    "FeelContext",
    "FeelDate",
    "FeelDateTime",
    "FeelError",
    "FeelLimitError",
    "FeelSyntaxError",
    "FeelTime",
    "FeelValueError",
    "Function",
    "Parameter",
    "Range",
    "Run",
    "SpecialDay",
    "UnaryTests",
    "UnknownCalendarError",
    "Value",
    "WorkingCalendar",
    "YearMonthDuration",
    "comparisons",
    "compile_expression",
    "compile_test_list",
    "compile_unary_tests",
    "entries_used",
    "evaluate",
    "format_value",
    "from_json",
    "from_python_temporal",
    "invoke",
    "make_parameter",
    "names_used",
    "normalise",
    "null_without",
    "to_date",
    "to_datetime",
    "to_exchange",
    "to_json",
    "to_plain",
    "to_time",
    "to_timedelta",
]
