"""Builds pages, feeds and messages from issues, and writes the files.

With many issues, processes read them, and others render them afterwards, because a rendering needs what is known only
when all are read: the issues that it links to, its summary, its neighbours. In between, a document is kept encoded. To
encode and decode it takes 0.4 ms, and all that goes through pipes 0.1 ms more, of the 18 ms that it takes to read an
issue and to render it for web and rss. To render issues in the process that read them could save no more than that.
"""
