"""The customer's pages as a whole."""

import pytest
from flask import Flask, render_template_string
from jinja2 import UndefinedError


def test_a_page_does_not_leave_empty_what_its_template_gets_wrong(app: Flask) -> None:
    for wrong in ("{{ plans_adress }}", "{% if {}.paid_at %}paid{% endif %}"):
        with app.test_request_context(), pytest.raises(UndefinedError):
            render_template_string(wrong)
