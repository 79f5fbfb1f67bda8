"""The small server behind the page: routes, sockets, and who may talk to it."""
