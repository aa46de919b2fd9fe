const text = (value: unknown): string | undefined =>
	typeof value === "string" || typeof value === "number" ? String(value) : undefined;

/** Where settings lead, for people: "127.0.0.1:5020 unit 1", "opc.tcp://plc:4840". */
export function targetOf(settings: Readonly<Record<string, unknown>>): string {
	const address = text(settings.endpoint) ?? text(settings.url) ?? text(settings.endpointUrl);
	if (address !== undefined) return address.replace(/\/\/[^/@]*@/, "//");
	const host = text(settings.host) ?? text(settings.path) ?? text(settings.device) ?? "";
	const port = text(settings.port);
	const unit = text(settings.unit);
	return [port === undefined ? host : `${host}:${port}`, unit === undefined ? undefined : `unit ${unit}`]
		.filter(Boolean)
		.join(" ");
}
