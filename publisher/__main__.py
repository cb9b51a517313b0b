"""`python -m publisher` is `publish`."""

from publisher.cli.main import run

if __name__ == "__main__":  # a worker process imports this file under another name
    run()
