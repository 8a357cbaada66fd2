"""Brings numbers as people write them, 1,234.5 or １２３４，５, to the plain form; in the store and in Python alike.

Only what the project declares is taken: a text in another form is no number.
"""

import re

from tonne.engine.data.amounts import NUMBER
from tonne.engine.data.file_form import NumberForm
from tonne.engine.data.store import text_literal

_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９．，＋－−　\u00a0\u202f’", "0123456789.,+--   '"
_EXPONENT = "([eE][+-]?[0-9]{1,3})?"


def plain_number(text: str, form: NumberForm | None) -> str | None:
    """Write a number with digits and a point; None where the text is no number of the form.

    >>> plain_number("１,234.50", NumberForm(thousands=",")), plain_number("1,5", NumberForm(decimal=","))
    ('1234.50', '1.5')
    """
    if form is None:
        return text if re.fullmatch(NUMBER, text) else None
    text = text.translate(str.maketrans(_FULL_WIDTH, _HALF_WIDTH)).strip()
    if not re.fullmatch(_expression(form), text):
        return None
    return text.replace(form.thousands or "\0", "").replace(form.decimal, ".")


def number_query(text: str, form: NumberForm | None) -> str:
    """Write the SQL that does the same for an expression; without a form the text stays as it is."""
    if form is None:
        return text
    half = f"trim(translate({text}, {text_literal(_FULL_WIDTH)}, {text_literal(_HALF_WIDTH)}))"
    joined = f"replace({half}, {text_literal(form.thousands)}, '')" if form.thousands else half
    plain = joined if form.decimal == "." else f"replace({joined}, {text_literal(form.decimal)}, '.')"
    return f"CASE WHEN regexp_full_match({half}, {text_literal(_expression(form))}) THEN {plain} END"


def _expression(form: NumberForm) -> str:
    decimals = f"([{form.decimal}][0-9]{{0,400}})?"
    plain = f"([0-9]{{1,400}}{decimals}|[{form.decimal}][0-9]{{1,400}})"
    if form.thousands:
        plain = f"({plain}|[0-9]{{1,3}}([{form.thousands}][0-9]{{3}}){{1,100}}{decimals})"
    return f"[+-]?{plain}{_EXPONENT}"
