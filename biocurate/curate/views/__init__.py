"""Views: streams that are derived from raw ones by a declared chain of filters, resampling and scaling."""
