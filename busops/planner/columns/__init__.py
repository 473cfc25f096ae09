"""What no plan can undercut: routes priced by the linear program's duals, and the bound they prove."""
