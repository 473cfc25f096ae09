"""Roads measured by others: OSRM, Valhalla, AMap, Tencent; what they said kept on disk, their quotas kept."""
