SELECT max(version) AS version
FROM vendor_auth_tokens_version
