const programs: [RegExp, string][] = [
	[/Edg\/(\d+)/, "Edge"],
	[/Firefox\/(\d+)/, "Firefox"],
	[/Chrome\/(\d+)/, "Chrome"],
	[/Version\/(\d+).*Safari/, "Safari"],
];
const systems: [RegExp, string][] = [
	[/Android/, "Android"],
	[/iPhone|iPad/, "iOS"],
	[/Windows/, "Windows"],
	[/Mac OS X/, "macOS"],
	[/Linux/, "Linux"],
];

/** "Firefox 140 · Linux" of a user agent; other programs as they name themselves. */
export function agentWords(agent: string): string {
	const program = programs.map(([pattern, name]) => ({ name, version: pattern.exec(agent)?.[1] })).find((found) => found.version);
	const system = systems.find(([pattern]) => pattern.test(agent))?.[1];
	if (!program) return agent.slice(0, 60);
	return `${program.name} ${program.version}${system ? ` · ${system}` : ""}`;
}
