import { splitTag } from "@millwright/core";
import { type ConnectionSettings, type MachineMap, Pipeline, type PipelineStages, type TagSettings } from "../api.ts";

/** One tag of a connection as it will run, wherever it was written down. */
export interface TagPlan {
	/** Full name: asset path and tag. */
	name: string;
	/** With shifts and fillings done; not yet checked by the driver. */
	address: Record<string, unknown>;
	settings: TagSettings;
	map: string | undefined;
	/** Index into `machines`, for the place of a problem. */
	machine: number | undefined;
}

export interface ExpandProblem {
	code: string;
	message: string;
	/** Below the connection: "machines.0.shift.register". */
	place: string;
	hint?: string;
}

export interface Expansion {
	tags: TagPlan[];
	problems: ExpandProblem[];
}

/** Far beyond one connection; a bound for memory, since a short text can multiply machines by tags. */
const mostTags = 200_000;

/** Machines by map and tags written out, to one list of tags. */
export function expandTags(connection: ConnectionSettings, maps: Readonly<Record<string, MachineMap>>): Expansion {
	const tags: TagPlan[] = [];
	const problems: ExpandProblem[] = [];
	const seen = new Set<string>();
	const add = (plan: TagPlan, place: string) => {
		if (seen.has(plan.name))
			problems.push({ code: "sense.tag-doubled", message: `The tag "${plan.name}" stands twice in this connection`, place });
		else {
			seen.add(plan.name);
			tags.push(plan);
		}
	};
	const wanted = connection.machines.reduce(
		(sum, { map }) => sum + (Object.hasOwn(maps, map) ? Object.keys((maps[map] as MachineMap).tags).length : 0),
		Object.keys(connection.tags).length,
	);
	if (wanted > mostTags) {
		const hint = `Keep it to ${mostTags}, or split it over several connections.`;
		return {
			tags,
			problems: [{ code: "sense.too-many-tags", message: `The connection has ${wanted} tags`, place: "machines", hint }],
		};
	}
	for (const [machine, { asset, map: mapName, shift, with: filling }] of connection.machines.entries()) {
		const place = `machines.${machine}`;
		const map = Object.hasOwn(maps, mapName) ? maps[mapName] : undefined;
		if (!map) {
			const known = Object.keys(maps);
			problems.push({
				code: "sense.map-unknown",
				message: `There is no machine map "${mapName}"`,
				place: `${place}.map`,
				hint: known.length > 0 ? `Known maps: ${known.slice(0, 10).join(", ")}` : "Write one under sense.maps.",
			});
			continue;
		}
		if (map.driver !== connection.driver)
			problems.push({
				code: "sense.map-driver",
				message: `The map "${mapName}" is for the driver "${map.driver}", this connection uses "${connection.driver}"`,
				place: `${place}.map`,
			});
		const unused = new Set(Object.keys(shift));
		for (const [tag, settings] of Object.entries(map.tags)) {
			const name = `${asset}/${tag}`;
			const missing = new Set<string>();
			const address = fillText(settings.address, filling, missing) as Record<string, unknown>;
			for (const [field, by] of Object.entries(shift)) {
				const number = address[field];
				if (number === undefined) continue;
				const shifted =
					typeof number === "number"
						? number + by
						: typeof number === "string" && /^\d+$/.test(number)
							? String(Number(number) + by)
							: undefined;
				if (shifted === undefined) continue;
				address[field] = shifted;
				unused.delete(field);
			}
			for (const placeholder of missing)
				problems.push({
					code: "sense.placeholder-missing",
					message: `The address of "${tag}" in the map "${mapName}" asks for {${placeholder}}, and the machine does not say what it is`,
					place: `${place}.with.${placeholder}`,
					hint: `Add ${placeholder} under "with" of ${asset}.`,
				});
			const pipeline = resolveContext(layPipelines(map.pipeline, settings.pipeline), asset);
			add({ name, address, settings: { ...settings, address, pipeline }, map: mapName, machine }, `${place}.asset`);
		}
		for (const field of unused)
			problems.push({
				code: "sense.shift-unused",
				message: `"shift" names the field "${field}", which is a number in no address of the map "${mapName}"`,
				place: `${place}.shift.${field}`,
			});
	}
	for (const [name, settings] of Object.entries(connection.tags)) {
		const asset = splitTag(name)?.asset ?? "";
		add(
			{
				name,
				address: settings.address,
				settings: { ...settings, pipeline: resolveContext(settings.pipeline, asset) },
				map: undefined,
				machine: undefined,
			},
			`tags.${name}`,
		);
	}
	return { tags, problems };
}

/** {name} in every text of an address, however deep. */
function fillText(value: unknown, filling: Readonly<Record<string, string>>, missing: Set<string>): unknown {
	if (typeof value === "string")
		return value.replace(/\{([A-Za-z][\w-]*)\}/g, (whole, name: string) => {
			if (Object.hasOwn(filling, name)) return filling[name] as string;
			missing.add(name);
			return whole;
		});
	if (Array.isArray(value)) return value.map((entry) => fillText(entry, filling, missing));
	if (value !== null && typeof value === "object")
		return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fillText(entry, filling, missing)]));
	return value;
}

/** The map's stages, each replaced by the tag's own where it has one; only what neither has does nothing. */
export function layPipelines(under: PipelineStages | undefined, own: PipelineStages): Pipeline {
	const given = Object.entries(own).filter(([, setting]) => setting !== undefined);
	return Pipeline.parse({ ...under, ...Object.fromEntries(given) });
}

/** Neighbours by their own name become full names. */
function resolveContext(pipeline: Pipeline, asset: string): Pipeline {
	if (!pipeline.context) return pipeline;
	const context = Object.fromEntries(
		Object.entries(pipeline.context).map(([role, name]) => [
			role,
			name === undefined || name.includes("/") ? name : `${asset}/${name}`,
		]),
	);
	return { ...pipeline, context };
}
