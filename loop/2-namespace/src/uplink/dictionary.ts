import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { TagDirectory } from "@millwright/core";
import type { TagFacts } from "@millwright/sense/api";
import { jsonBytes, type TagsMessage, type WireTag } from "../gateways/link-messages.ts";

const tagsAPart = 2000;

/** This machine's tags as the centre is told of them: every id that a stored sample may bear. */
export function createDictionary({ directory, facts }: { directory: TagDirectory; facts(id: number): TagFacts | undefined }) {
	let built: { version: number; tags: WireTag[]; size: number } | undefined;

	function wireTag(id: number): WireTag {
		const tag = directory.nameOf(id);
		const known = facts(id);
		if (!known) return { id, tag };
		const { connection, unit, kind, dataClass, device, protocol, unitId, range, context, staleAfterMs } = known;
		return {
			id,
			tag,
			facts: {
				connection,
				unit,
				kind,
				dataClass,
				device,
				protocol,
				...(unitId === undefined ? {} : { unitId }),
				...(range === undefined ? {} : { range }),
				...(context === undefined ? {} : { context }),
				...(Number.isFinite(staleAfterMs) ? { staleAfterMs } : {}),
			},
		};
	}

	function build(): { version: number; tags: WireTag[]; size: number } {
		const size = directory.size;
		if (built && built.size === size) return built;
		const tags = Array.from({ length: size }, (_, at) => wireTag(at + 1));
		const hash = createHash("sha256");
		for (const tag of tags) hash.update(JSON.stringify(tag));
		// 48 bits: fits a double and a varint, and no two dictionaries of a machine will share it.
		built = { version: Math.max(1, hash.digest().readUIntBE(0, 6)), tags, size };
		return built;
	}

	return {
		/** By content; asked with every message, made anew only after a change. */
		version: (): number => build().version,
		changed(): void {
			built = undefined;
		},
		/** The whole, deflated, in parts. */
		parts(): Uint8Array[] {
			const { version, tags } = build();
			const parts = Math.max(1, Math.ceil(tags.length / tagsAPart));
			return Array.from({ length: parts }, (_, part) => {
				const message: TagsMessage = { version, part, parts, tags: tags.slice(part * tagsAPart, (part + 1) * tagsAPart) };
				return deflateSync(jsonBytes(message));
			});
		},
	};
}
