"""A dataset of any size in the browser: the report's page, fed from the shards by a small server."""
