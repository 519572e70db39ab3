"""The web application: it parses requests, calls ``posology.review`` and shows what comes back.

A module of ``web/api`` or ``web/pages`` holds ``router = new_router()`` (``web/guard.py``) and functions
under ``@router.get(...)`` with whole paths; it is named in ``ROUTERS`` of ``web/app.py``, and each of its
routes in the table of ``web/permissions.py``. The guard has checked session, role, origin and token before
a function runs. A function gets what it needs by type: ``OfSite``, ``Signed`` (the session) and ``Acting``
(the actor) of ``web/context.py``. Functions that touch the store are plain ``def``: they run in a thread.
Errors of ``posology.errors`` become answers in ``web/problems.py``; functions just raise them. Pages are
``render(request, "name.html", {...})`` of ``web/templating.py``. In a form of type ``multipart/form-data``
the hidden field ``csrf`` comes first.

``candidates.py`` is an application of its own, without a store and accounts: the pages of
``posology adapt review``.
"""

__all__: list[str] = []
