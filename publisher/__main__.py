"""`python -m publisher` is `publish`."""

from publisher.cli.main import run_and_exit

if __name__ == "__main__":  # a worker process imports this file under another name
    run_and_exit()
