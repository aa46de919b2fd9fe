import { checkTopic, isLevel, MillwrightError, type TagDirectory } from "@millwright/core";
import type { ConfigProblem } from "@millwright/runtime";
import type { AssetTemplate, Limits, TemplateTag, TwinSettings, Words } from "./api.ts";
import { computingOrder } from "./computing-order.ts";
import { compileExpression, type Expression, variableOf } from "./expressions.ts";

/** One quantity of one asset, with everything the cycle needs to know about it. */
export interface TagModel {
	id: number;
	/** Full name. */
	tag: string;
	name: string;
	asset: AssetModel;
	template: TemplateTag;
	limits: Limits | undefined;
	/** Of a derived tag. */
	derived: { expression: Expression; inputs: { variable: string; tag: TagModel }[] } | undefined;
	/** Derived tags that read this one, directly or through others. */
	feeds: TagModel[];
	/** Of a derived tag: its place in the order of computing within the asset. */
	rank: number;
}

export interface AssetModel {
	path: string;
	place: string;
	title: Words;
	order: number;
	templateName: string;
	template: AssetTemplate;
	about: Record<string, string | number | boolean>;
	tags: TagModel[];
}

export interface PlantModel {
	settings: TwinSettings;
	assets: ReadonlyMap<string, AssetModel>;
	/** Tag id to model; sparse. */
	byId: readonly (TagModel | undefined)[];
}

/** From configuration to what runs; throws on the first problem (`checkSettings` tells them all beforehand). */
export function buildPlant(settings: TwinSettings, directory: TagDirectory): PlantModel {
	const assets = new Map<string, AssetModel>();
	const names: string[] = [];
	for (const [path, asset] of Object.entries(settings.assets)) {
		const template = ownOf(settings.templates, asset.template);
		if (!template)
			throw new MillwrightError("twin.template-unknown", `${path}: no template "${asset.template}"`, { kind: "input" });
		const model: AssetModel = {
			path,
			place: path.slice(0, Math.max(0, path.lastIndexOf("/"))),
			title: asset.title ?? path.slice(path.lastIndexOf("/") + 1),
			order: asset.order,
			templateName: asset.template,
			template,
			about: asset.about,
			tags: [],
		};
		assets.set(path, model);
		for (const name of Object.keys(template.tags)) names.push(`${path}/${name}`);
	}
	const ids = directory.assign(names);
	const byId: (TagModel | undefined)[] = [];
	let next = 0;
	for (const model of assets.values()) {
		const overrides = ownOf(settings.assets, model.path)?.limits ?? {};
		for (const [name, template] of Object.entries(model.template.tags)) {
			const id = ids[next++] as number;
			const limits = mergeLimits(template.limits, ownOf(overrides, name));
			const tag: TagModel = {
				id,
				tag: `${model.path}/${name}`,
				name,
				asset: model,
				template,
				limits,
				derived: undefined,
				feeds: [],
				rank: 0,
			};
			model.tags.push(tag);
			byId[id] = tag;
		}
		connectDerived(model);
	}
	return { settings, assets, byId };
}

/** An entry of a map whose keys people choose: "constructor" is a name like any other, and not there. */
export const ownOf = <T>(map: Readonly<Record<string, T>>, key: string): T | undefined =>
	Object.hasOwn(map, key) ? map[key] : undefined;

function mergeLimits(base: Limits | undefined, over: Partial<Limits> | undefined): Limits | undefined {
	if (!base && !over) return undefined;
	return { deadband: 0, onDelayMs: 0, ...base, ...over };
}

/** Far beyond a plant; a bound for memory, since a short text can multiply machines by tags. */
const mostTags = 1_000_000;

const circleHint = "Break the circle between its expressions.";

/** Compiles the derived tags of an asset and says which tag feeds which, dependencies first. */
function connectDerived(asset: AssetModel): void {
	const byName = new Map(asset.tags.map((tag) => [tag.name, tag]));
	const kinds = new Map(asset.tags.map((tag) => [tag.name, tag.template.kind]));
	for (const tag of asset.tags) {
		if (tag.template.expression === undefined) continue;
		const others = new Map([...kinds].filter(([name]) => name !== tag.name));
		const expression = compileExpression(tag.template.expression, others);
		tag.derived = {
			expression,
			inputs: expression.inputs.map((name) => ({ variable: variableOf(name), tag: byName.get(name) as TagModel })),
		};
	}
	const derived = asset.tags.filter((tag) => tag.derived);
	const { order: names, circle } = computingOrder(
		new Map(derived.map((tag) => [tag.name, tag.derived?.expression.inputs ?? []])),
	);
	if (circle !== undefined)
		throw new MillwrightError("twin.expression-circular", `"${circle}" of ${asset.path} needs itself`, {
			kind: "input",
			hint: circleHint,
		});
	const order = names.map((name) => byName.get(name) as TagModel);
	for (const [rank, tag] of order.entries()) tag.rank = rank;
	for (const source of asset.tags) {
		const reached = new Set<TagModel>([source]);
		for (const derived of order) if (derived.derived?.inputs.some(({ tag }) => reached.has(tag))) reached.add(derived);
		source.feeds = order.filter((derived) => derived !== source && reached.has(derived));
	}
}

/** Everything wrong with the settings that their schema cannot know. */
export function checkSettings(settings: TwinSettings, unitProblem: (unit: string) => string | undefined): ConfigProblem[] {
	const problems: ConfigProblem[] = [];
	const report = (code: string, message: string, place: string, hint: string) => problems.push({ code, message, place, hint });
	for (const [name, template] of Object.entries(settings.templates)) {
		const kinds = new Map(Object.entries(template.tags).map(([tag, { kind }]) => [tag, kind]));
		const variables = new Map<string, string>();
		const needs = new Map<string, readonly string[]>();
		if (template.state !== undefined && !ownOf(template.tags, template.state))
			report(
				"twin.state-unknown",
				`The state tag "${template.state}" is not among the tags`,
				`twin.templates.${name}.state`,
				"Name one of the template's tags.",
			);
		for (const [tag, about] of Object.entries(template.tags)) {
			const place = `twin.templates.${name}.tags.${tag}`;
			if (!isLevel(tag))
				report("core.level-invalid", `"${tag}" is not a valid tag name`, place, "Use a-z, 0-9, dot, hyphen, underscore.");
			const twin = variables.get(variableOf(tag));
			if (twin)
				report("twin.variable-twice", `"${tag}" and "${twin}" are the same name in expressions`, place, "Rename one of them.");
			variables.set(variableOf(tag), tag);
			const unit = unitProblem(about.unit);
			if (unit) report("twin.unit-invalid", unit, `${place}.unit`, 'Use a UCUM unit such as "Cel", "bar", "m3/h", "%" or "1".');
			problems.push(...limitProblems(about.limits, `${place}.limits`));
			if (about.expression === undefined) continue;
			try {
				const others = new Map([...kinds].filter(([other]) => other !== tag));
				needs.set(tag, compileExpression(about.expression, others).inputs);
			} catch (thrown) {
				const error = thrown as MillwrightError;
				report(error.code ?? "twin.expression-invalid", error.message, `${place}.expression`, error.hint ?? "");
			}
		}
		const { circle } = computingOrder(needs);
		if (circle !== undefined)
			report(
				"twin.expression-circular",
				`"${circle}" needs itself`,
				`twin.templates.${name}.tags.${circle}.expression`,
				circleHint,
			);
	}
	let tags = 0;
	for (const [path, asset] of Object.entries(settings.assets)) {
		const place = `twin.assets.${path}`;
		tags += Object.keys(ownOf(settings.templates, asset.template)?.tags ?? {}).length;
		if (tags > mostTags) {
			report(
				"twin.too-many-tags",
				`Assets with more than ${mostTags} tags in all`,
				place,
				"Split the plant over several servers.",
			);
			break;
		}
		try {
			checkTopic(path);
		} catch (thrown) {
			report("core.topic-invalid", (thrown as Error).message, place, (thrown as MillwrightError).hint ?? "");
		}
		const template = ownOf(settings.templates, asset.template);
		if (!template) {
			report(
				"twin.template-unknown",
				`There is no template "${asset.template}"`,
				`${place}.template`,
				`Templates: ${Object.keys(settings.templates).join(", ") || "none yet"}.`,
			);
			continue;
		}
		for (const [tag, limits] of Object.entries(asset.limits)) {
			const own = ownOf(template.tags, tag);
			if (!own)
				report(
					"twin.tag-unknown",
					`Template "${asset.template}" has no tag "${tag}"`,
					`${place}.limits.${tag}`,
					`Tags: ${Object.keys(template.tags).join(", ")}.`,
				);
			else problems.push(...limitProblems(mergeLimits(own.limits, limits), `${place}.limits.${tag}`));
		}
	}
	return problems;
}

function limitProblems(limits: Limits | undefined, place: string): ConfigProblem[] {
	if (!limits) return [];
	const ladder = [limits.lowLow, limits.low, limits.high, limits.highHigh].filter((limit) => limit !== undefined);
	return ladder.every((limit, at) => at === 0 || limit > (ladder[at - 1] as number))
		? []
		: [
				{
					code: "twin.limits-disordered",
					message: "Limits must rise: lowLow < low < high < highHigh",
					place,
					hint: "Correct the order of the limits.",
				},
			];
}
