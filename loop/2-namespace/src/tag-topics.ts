import { coveredBy, type DataClass, type Log, type OutgoingMessage, splitTag, type TagDirectory } from "@millwright/core";
import type { TagFacts } from "@millwright/sense/api";
import { TagColumns } from "./columns.ts";
import { compilePayload, type PayloadFrame, valueJson, writePayload } from "./payload-writer.ts";
import { classIndex, TopicTree, type TreeLevel } from "./topic-tree.ts";

/** The connection of what MQTT clients publish. */
export const externalConnection = "mqtt";

/** A tag whose newest value stands in the payloads of another. */
interface ContextTag {
	key: string;
	/** As configured: below the same asset, or a full name. */
	names: readonly string[];
	id: number | undefined;
}

/** One tag on its topic, with everything about it that does not change from sample to sample. */
export interface TagTopic {
	readonly id: number;
	readonly name: string;
	readonly leaf: TreeLevel;
	connection: string;
	dataClass: DataClass;
	unit: string | undefined;
	frame: PayloadFrame;
	context: readonly ContextTag[];
	/** Handed to the broker again and again; its payload is made from the newest value when somebody asks. */
	outgoing: OutgoingMessage;
	/** The broker's `hearing` at which it held `outgoing` and nobody heard the topic; -1 for not known. */
	silentAt: number;
	/** Time of the newest document an MQTT client put on the topic, halves of ns since 1970; 0 where none did. */
	externalHigh: number;
	externalLow: number;
	client: string | undefined;
}

export interface TagTopicTools {
	directory: TagDirectory;
	log: Log;
	facts(id: number): TagFacts | undefined;
	classOf(tag: string): DataClass;
}

/** Every tag that has a topic: by id, as a tree, and its newest value in columns. */
export class TagTopics {
	readonly tree = new TopicTree();
	readonly columns = new TagColumns();
	root: string;
	readonly #tools: TagTopicTools;
	readonly #byId: (TagTopic | undefined)[] = [];
	/** Ids whose values other tags carry as context. */
	readonly #contextIds = new Set<number>();
	readonly #unknown = new Set<number>();
	#sorted: TagTopic[] | undefined;
	#size = 0;

	constructor(tools: TagTopicTools, root: string) {
		this.#tools = tools;
		this.root = root;
	}

	get size(): number {
		return this.#size;
	}

	find(id: number): TagTopic | undefined {
		return this.#byId[id];
	}

	/** By name; sorted again only after a topic came or went. */
	all(): readonly TagTopic[] {
		this.#sorted ??= this.#byId.filter((topic) => topic !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
		return this.#sorted;
	}

	isContext(id: number): boolean {
		return this.#contextIds.has(id);
	}

	get hasContext(): boolean {
		return this.#contextIds.size > 0;
	}

	/** Undefined for an id the directory never gave; said once. */
	add(id: number, connection: string): TagTopic | undefined {
		let name: string;
		try {
			name = this.#tools.directory.nameOf(id);
		} catch (error) {
			if (!this.#unknown.has(id) && this.#unknown.size < 1000) {
				this.#unknown.add(id);
				this.#tools.log.error("A sample of an unknown tag was left out", { id, connection, error: String(error) });
			}
			return undefined;
		}
		this.columns.ensure(id);
		const dataClass = this.#tools.classOf(name);
		const leaf = this.tree.add(id, name, classIndex[dataClass]);
		const topic: TagTopic = {
			id,
			name,
			leaf,
			connection,
			dataClass,
			unit: undefined,
			frame: { head: "", middle: "", boolean: false },
			context: [],
			outgoing: { topic: "", payload: () => this.bytesOf(topic), retain: true },
			silentAt: -1,
			externalHigh: 0,
			externalLow: 0,
			client: undefined,
		};
		this.#byId[id] = topic;
		this.#size++;
		this.#sorted = undefined;
		this.compile(topic);
		return topic;
	}

	remove(topic: TagTopic): void {
		this.tree.remove(topic.leaf, classIndex[topic.dataClass], this.isAbnormal(topic.id));
		this.#byId[topic.id] = undefined;
		this.#size--;
		this.#sorted = undefined;
		this.columns.forget(topic.id);
	}

	/** Takes the tag's facts anew: unit, source, context, data class. */
	compile(topic: TagTopic): void {
		const facts = this.#tools.facts(topic.id);
		const place = splitTag(topic.name) ?? { asset: "", tag: topic.name };
		topic.unit = facts?.unit ?? topic.unit;
		topic.frame = compilePayload({
			device: facts?.device ?? topic.connection,
			location: place.asset,
			protocol: facts?.protocol,
			unitId: facts?.unitId,
			name: place.tag,
			unit: topic.unit,
			range: facts?.range,
			boolean: facts?.kind === "boolean",
		});
		const { setpoint, mode, alarm } = facts?.context ?? {};
		topic.context = [
			{ key: "setpoint", name: setpoint },
			{ key: "control_mode", name: mode },
			{ key: "alarm_status", name: alarm },
		].flatMap(({ key, name }) =>
			name === undefined ? [] : [{ key, names: place.asset === "" ? [name] : [`${place.asset}/${name}`, name], id: undefined }],
		);
		topic.outgoing.topic = `${this.root}/${topic.name}`;
		topic.silentAt = -1;
		const dataClass = this.#tools.classOf(topic.name);
		if (dataClass === topic.dataClass) return;
		const abnormal = this.isAbnormal(topic.id) ? 1 : 0;
		this.tree.count(topic.leaf, classIndex[topic.dataClass], -1, -abnormal);
		this.tree.count(topic.leaf, classIndex[dataClass], 1, abnormal);
		topic.dataClass = dataClass;
	}

	isAbnormal(id: number): boolean {
		return (this.columns.quality[id] as number) >= 0x40;
	}

	/** Keeps the tree's counts when a tag turns. */
	turned(topic: TagTopic, wasAbnormal: boolean): void {
		const isAbnormal = this.isAbnormal(topic.id);
		if (isAbnormal !== wasAbnormal) this.tree.count(topic.leaf, classIndex[topic.dataClass], 0, isAbnormal ? 1 : -1);
	}

	/** The newest value as subscribers see it. */
	textOf(topic: TagTopic): string {
		const { columns } = this;
		const { id } = topic;
		return writePayload(
			topic.frame,
			{
				time: columns.timeOf(id),
				sequence: columns.sequence[id] as number,
				historical: columns.historical[id] === 1,
				value: columns.valueOf(id),
				quality: columns.quality[id] as number,
			},
			this.contextOf(topic),
		);
	}

	bytesOf(topic: TagTopic): Uint8Array {
		return Buffer.from(this.textOf(topic));
	}

	/** JSON of the context tags' newest values; empty where there are none. */
	contextOf(topic: TagTopic): string {
		if (topic.context.length === 0) return "";
		let json = "";
		for (const tag of topic.context) {
			tag.id ??= this.#idOf(tag.names);
			if (tag.id === undefined || !this.columns.has(tag.id)) continue;
			// A topic does not carry what those who may see it may not see.
			const neighbour = this.#byId[tag.id]?.dataClass ?? this.#tools.classOf(this.#tools.directory.nameOf(tag.id));
			if (!coveredBy(topic.dataClass, neighbour)) continue;
			const value = valueJson(this.columns.valueOf(tag.id), this.#byId[tag.id]?.frame.boolean ?? false);
			json += `${json === "" ? "" : ","}"${tag.key}":${value}`;
		}
		return json === "" ? "" : `{${json}}`;
	}

	#idOf(names: readonly string[]): number | undefined {
		for (const name of names) {
			const id = this.#tools.directory.idOf(name);
			if (id === undefined) continue;
			this.#contextIds.add(id);
			return id;
		}
		return undefined;
	}
}
