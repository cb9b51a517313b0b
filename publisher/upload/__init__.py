"""Copies the site to where it is served: a bucket, a host with rsync, or a branch of a git repository.

What changed is copied in an order in which nothing leads to a file that is not there yet: images, the pages of
issues, what lists them, feeds. At last, what was uploaded from here and is gone is deleted.
"""
