/** Between gateways and their centre; outside the namespace's root, and nobody else's to read. */
export const linkRoot = "millwright";

export const linkTopics = (gateway: string) => ({
	/** Gateway to centre. */
	batch: `${linkRoot}/${gateway}/batch`,
	tags: `${linkRoot}/${gateway}/tags`,
	state: `${linkRoot}/${gateway}/state`,
	/** Centre to gateway. */
	receipt: `${linkRoot}/${gateway}/receipt`,
	ask: `${linkRoot}/${gateway}/ask`,
});

export const isLinkTopic = (topic: string): boolean => topic.startsWith(`${linkRoot}/`);

/** The gateway a topic of the line belongs to. */
export const gatewayOfTopic = (topic: string): string => topic.split("/", 2)[1] ?? "";

/** A gateway's connection as the centre's bus, history and ledger know it. Local connections have no slash. */
export const knownConnection = (gateway: string, connection: string): string => `${gateway}/${connection}`;
export const isGatewayConnection = (connection: string): boolean => connection.includes("/");
export function splitConnection(known: string): { gateway: string; connection: string } {
	const cut = known.indexOf("/");
	return { gateway: known.slice(0, cut), connection: known.slice(cut + 1) };
}
