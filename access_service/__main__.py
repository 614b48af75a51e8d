"""python -m access_service is access-service."""

from access_service.cli import main

main()
