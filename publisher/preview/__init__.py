"""The live preview: one issue in all channels in the browser, rendered again whenever something changes.

`worker` reads and renders as `publish` does, in one thread; `app` serves the result to this machine alone. Nothing is
written, recorded or sent.
"""
