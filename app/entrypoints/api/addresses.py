"""How addresses of the API name things."""

from werkzeug.routing import BaseConverter


class Reference(BaseConverter):
    """An invoice's id or number; not the word by which a new one is asked for."""

    regex = r"(?!generate\Z)[^/]+"
    part_isolating = True
