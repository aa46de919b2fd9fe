import { type Call, MillwrightError, type Service } from "@millwright/core";
import type { ConfigChange, ConfigEdit } from "@millwright/runtime";
import { type ConfigPreview, ConnectionSettings, MachineMap, type senseApi } from "../api.ts";
import { targetOf } from "../connection/target.ts";
import { expandTags } from "../settings/expand.ts";
import { mask, maskSecrets, reachesSame, unmaskSecrets } from "../settings/secrets.ts";
import { senseSection } from "../settings/section.ts";
import type { SenseParts } from "./parts.ts";

type Sense = Service<typeof senseApi>;
type Change = Parameters<Sense["previewChange"]>[0];

/** Adding, changing and removing connections by editing the configuration; what runs follows the configuration. */
export function createChange({ config, drivers }: SenseParts): Pick<Sense, "previewChange" | "applyChange"> {
	function editsOf({ connection, settings, maps }: Change): ConfigEdit[] {
		const now = config.get(senseSection);
		const former = Object.hasOwn(now.connections, connection) ? now.connections[connection] : undefined;
		if (settings === null && !former)
			throw new MillwrightError("sense.connection-unknown", `There is no connection "${connection}"`, { kind: "missing" });
		const known = former && settings && !reachesSame(settings, former) ? { ...former, settings: undefined } : former;
		return [
			...Object.entries(maps).map(([name, map]) => ({ path: ["sense", "maps", name], value: map })),
			{ path: ["sense", "connections", connection], value: settings === null ? undefined : unmaskSecrets(settings, known) },
		];
	}

	/** Checks can only ask drivers that are loaded. */
	async function loadDrivers({ settings }: Change): Promise<void> {
		const wanted = new Set(Object.values(config.get(senseSection).connections).map(({ driver }) => driver));
		if (typeof settings?.driver === "string") wanted.add(settings.driver);
		for (const name of wanted) if (drivers.names().includes(name)) await drivers.load(name).catch(() => {});
	}

	const effectsOf = ({ connection, settings, maps }: Change): string[] => {
		const now = config.get(senseSection);
		const effects: string[] = [];
		const former = Object.hasOwn(now.connections, connection) ? now.connections[connection] : undefined;
		const parsedMaps = { ...now.maps };
		for (const [name, map] of Object.entries(maps)) {
			const parsed = MachineMap.safeParse(map);
			if (parsed.success) parsedMaps[name] = parsed.data;
			const users = Object.entries(now.connections).filter(
				([other, { machines }]) => other !== connection && machines.some((machine) => machine.map === name),
			);
			effects.push(`${Object.hasOwn(now.maps, name) ? "Changes" : "Adds"} the machine map ${name}.`);
			for (const [other] of users) effects.push(`Restarts ${other}, which uses the map ${name}.`);
		}
		if (settings === null) {
			const count = former ? expandTags(former, now.maps).tags.length : 0;
			return [...effects, `Stops ${connection}; its ${count} tags get no new values. What is stored stays.`];
		}
		const parsed = ConnectionSettings.safeParse(settings);
		if (!parsed.success) return effects;
		const next = parsed.data;
		const tags = expandTags(next, parsedMaps).tags;
		const where = targetOf(next.settings);
		if (!next.enabled) return [...effects, `${connection} is kept but not connected.`];
		const pace = next.every >= 1000 ? `${next.every / 1000} s` : `${next.every} ms`;
		if (!former)
			return [...effects, `Connects ${connection} at ${where} and reads ${tags.length} tags, by default every ${pace}.`];
		const before = new Set(expandTags(former, now.maps).tags.map(({ name }) => name));
		const after = new Set(tags.map(({ name }) => name));
		const added = [...after].filter((name) => !before.has(name)).length;
		const removed = [...before].filter((name) => !after.has(name)).length;
		effects.push(`Restarts ${connection} alone, at ${where}, with ${tags.length} tags.`);
		if (added > 0) effects.push(`${added} tags are new.`);
		if (removed > 0) effects.push(`${removed} tags get no new values; what is stored stays.`);
		return effects;
	};

	function previewOf(change: Change, made: ConfigChange, effects: string[]): ConfigPreview {
		const seen = new Set<string>();
		const problems = made.problems.filter(({ code, message, place }) => {
			const key = `${code} ${message} ${place}`;
			return !seen.has(key) && seen.add(key);
		});
		return {
			diff: withoutSecrets(made.diff, editsOf(change), config.get(senseSection)),
			effects,
			problems,
			revision: made.revision,
		};
	}

	return {
		async previewChange(change) {
			await loadDrivers(change);
			return previewOf(change, config.preview(editsOf(change)), effectsOf(change));
		},
		async applyChange({ revision, ...change }, call?: Call) {
			await loadDrivers(change);
			const effects = effectsOf(change);
			const edits = editsOf(change);
			const former = config.get(senseSection);
			const made = await config.apply(edits, {
				revision,
				who: call?.principal.name ?? "Millwright",
				...(call?.why === undefined ? {} : { why: call.why }),
			});
			return { diff: withoutSecrets(made.diff, edits, former), effects, problems: made.problems, revision: made.revision };
		},
	};
}

/** The difference is for eyes: what counts as a secret before or after is masked in it. */
function withoutSecrets(diff: string, edits: readonly ConfigEdit[], former: unknown): string {
	const secrets = new Set<string>();
	const collect = (open: unknown, masked: unknown): void => {
		if (typeof open === "string" && masked === mask && open !== mask) secrets.add(open);
		else if (open !== null && typeof open === "object")
			for (const [key, value] of Object.entries(open)) collect(value, (masked as Record<string, unknown>)[key]);
	};
	for (const value of [...edits.map((edit) => edit.value), former]) collect(value, maskSecrets(value));
	let shown = diff;
	for (const secret of [...secrets].sort((a, b) => b.length - a.length)) shown = shown.replaceAll(secret, mask);
	return shown;
}
