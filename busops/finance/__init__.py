"""Money: tariff, charges, ledger, matching, reconciliation. Integer fen, standard library and domain only."""
