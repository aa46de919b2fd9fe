/** The loop is the navigation: steps in order, then what governs them. A step one may not ask is not shown. */
export interface Place {
	key: string;
	to: "/" | "/connections" | "/namespace" | "/history" | "/twins" | "/ledger" | "/edges" | "/system" | "/users" | "/audit";
	/** Position in the loop. */
	step?: number;
	/** The operation without which the page is empty. */
	needs: string;
}

export const overviewPlace: Place = { key: "overview", to: "/", needs: "twin.overview" };

export const loopPlaces: Place[] = [
	{ key: "sense", to: "/connections", step: 1, needs: "sense.connections" },
	{ key: "namespace", to: "/namespace", step: 2, needs: "namespace.tree" },
	{ key: "history", to: "/history", step: 3, needs: "history.trend" },
	{ key: "twins", to: "/twins", step: 4, needs: "twin.overview" },
];

export const governPlaces: Place[] = [
	{ key: "ledger", to: "/ledger", needs: "sense.ledger" },
	{ key: "edges", to: "/edges", needs: "namespace.gateways" },
	{ key: "system", to: "/system", needs: "platform.health" },
	{ key: "access", to: "/users", needs: "access.sessions" },
	{ key: "audit", to: "/audit", needs: "audit.entries" },
];
