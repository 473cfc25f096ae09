"""What a school wishes beside the riders and the vehicles: who rides with whom, which trips stay."""
