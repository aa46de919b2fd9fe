import { compatible, isTopic, splitTag, unitProblem } from "@millwright/core";
import type { ConfigProblem } from "@millwright/runtime";
import type { ConnectionSettings, SenseSettings, TagSettings } from "../api.ts";
import type { Drivers } from "../drivers.ts";
import { summarySuffixes } from "../pipeline/summary.ts";
import { expandTags, layPipelines } from "./expand.ts";
import { hasMasked } from "./secrets.ts";

/** Problems shown of one connection; ten thousand wrong tags have one cause. */
const mostProblems = 50;

/** What the schema cannot know: drivers, their addresses, maps, units, names that stand twice. Drivers not loaded yet are not asked. */
export function checkSense(settings: SenseSettings, drivers: Drivers): ConfigProblem[] {
	const problems: ConfigProblem[] = [];
	const owner = new Map<string, string>();
	for (const [name, connection] of Object.entries(settings.connections)) {
		const own: ConfigProblem[] = [];
		checkConnection(name, connection, settings, drivers, owner, own);
		problems.push(...own.slice(0, mostProblems));
	}
	for (const [name, map] of Object.entries(settings.maps))
		for (const [tag, one] of Object.entries(map.tags))
			checkUnits({ ...one, pipeline: layPipelines(map.pipeline, one.pipeline) }, `sense.maps.${name}.tags.${tag}`, problems);
	return problems;
}

function checkConnection(
	name: string,
	connection: ConnectionSettings,
	settings: SenseSettings,
	drivers: Drivers,
	owner: Map<string, string>,
	problems: ConfigProblem[],
): void {
	const place = `sense.connections.${name}`;
	if (!drivers.names().includes(connection.driver)) {
		problems.push({
			code: "sense.driver-unknown",
			message: `There is no driver "${connection.driver}"`,
			place: `${place}.driver`,
			hint: `Drivers here: ${drivers.names().join(", ")}`,
		});
		return;
	}
	const driver = drivers.loaded(connection.driver);
	if (driver && !refersToEnvironment(connection.settings)) {
		const parsed = driver.settings.safeParse(connection.settings);
		if (!parsed.success)
			for (const { path, message } of parsed.error.issues)
				problems.push({
					code: "sense.settings-invalid",
					message: `Settings for ${driver.title}: ${message}`,
					place: [place, "settings", ...path].join("."),
				});
	}
	if (hasMasked(connection.settings))
		problems.push({
			code: "sense.secret-masked",
			message: "A masked secret stands for its former value only while driver and all other settings stay as they are",
			place: `${place}.settings`,
			hint: "Enter it anew, or refer to the environment.",
		});
	const { tags, problems: expanded } = expandTags(connection, settings.maps);
	for (const problem of expanded) problems.push({ ...problem, place: `${place}.${problem.place}` });
	for (const { name: tag, address, settings: one, machine } of tags) {
		const at = machine === undefined ? `${place}.tags.${tag}` : `${place}.machines.${machine}`;
		if (!isTopic(tag) || !splitTag(tag))
			problems.push({
				code: "sense.tag-invalid",
				message: `"${tag}" is not a valid tag name`,
				place: at,
				hint: "Names are an asset's path and a tag, parted by /; levels are a-z, 0-9, dot, underscore and hyphen.",
			});
		const names = [tag, ...(one.pipeline.pass.by === "summary" ? summarySuffixes.map((suffix) => `${tag}.${suffix}`) : [])];
		for (const every of names) {
			const other = owner.get(every);
			if (other !== undefined)
				problems.push({
					code: "sense.tag-doubled",
					message: `The tag "${every}" stands in the connections "${other}" and "${name}"`,
					place: at,
				});
			else owner.set(every, name);
		}
		if (machine === undefined) checkUnits(one, at, problems);
		const parsed = driver?.address.safeParse(address);
		if (parsed && !parsed.success)
			for (const issue of parsed.error.issues)
				problems.push({
					code: "sense.address-invalid",
					message: `Address of "${tag}": ${issue.path.join(".")} ${issue.message}`.replace(/:\s+/, ": "),
					place: at,
				});
	}
}

function checkUnits({ unit, pipeline, kind }: TagSettings, place: string, problems: ConfigProblem[]): void {
	const wrong = unitProblem(unit);
	if (wrong) problems.push({ code: "core.unit-invalid", message: wrong, place: `${place}.unit` });
	const { fromUnit } = pipeline;
	if (fromUnit !== undefined) {
		const wrongFrom = unitProblem(fromUnit);
		if (wrongFrom) problems.push({ code: "core.unit-invalid", message: wrongFrom, place: `${place}.pipeline.fromUnit` });
		else if (!wrong && !compatible(fromUnit, unit))
			problems.push({
				code: "core.unit-mismatch",
				message: `"${fromUnit}" cannot become "${unit}"`,
				place: `${place}.pipeline.fromUnit`,
			});
	}
	if (kind === "text" && (pipeline.pass.by === "summary" || pipeline.pass.by === "swinging-door"))
		problems.push({
			code: "sense.pass-unfit",
			message: `A text has no ${pipeline.pass.by}`,
			place: `${place}.pipeline.pass`,
			hint: "Use all, sample or deadband.",
		});
}

const refersToEnvironment = (settings: unknown): boolean => JSON.stringify(settings).includes("${env:");
