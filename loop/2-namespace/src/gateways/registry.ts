import { randomBytes } from "node:crypto";
import { cp, mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Log, MillwrightError } from "@millwright/core";
import * as z from "zod";
import { deriveKey, type GatewayKey, newKeyId, writeKey } from "./keys.ts";
import { WireTag } from "./link-messages.ts";

const Admitted = z.object({
	gateway: z.string(),
	title: z.string(),
	paths: z.array(z.string()),
	admittedAt: z.int(),
	revokedAt: z.int().optional(),
	keys: z.array(z.object({ key: z.string(), madeAt: z.int(), until: z.int().optional() })),
	/** The highest epoch heard: what is older was recorded and sent again. */
	epoch: z.number().default(0),
});
export type Admitted = z.output<typeof Admitted>;

const Dictionary = z.object({ version: z.int(), epoch: z.number(), counter: z.int(), tags: z.array(WireTag) });
export type KeptDictionary = z.output<typeof Dictionary>;

const mostGateways = 10_000;

/** Who was admitted and what each gateway's tags are, in files of a folder of its own. Keys are not among them. */
export function createRegistry({ folder, clock, log }: { folder: string; clock: Clock; log: Log }) {
	const file = join(folder, "gateways.json");
	const secretFile = join(folder, "gateways.secret");
	const admitted = new Map<string, Admitted>();
	const keys = new Map<string, GatewayKey>();
	let master: Buffer | undefined;
	let writing: Promise<void> = Promise.resolve();

	const dictionaryFile = (gateway: string): string => join(folder, `${gateway}.tags.json`);

	async function write(to: string, text: string | Uint8Array): Promise<void> {
		const handle = await open(`${to}.new`, "w", 0o600);
		try {
			await handle.writeFile(text);
			await handle.sync();
		} finally {
			await handle.close();
		}
		await rename(`${to}.new`, to);
	}

	/** One at a time; the caller hears of a failure. */
	function inTurn(work: () => Promise<void>): Promise<void> {
		const turn = writing.then(work);
		writing = turn.catch(() => {});
		return turn;
	}

	const save = (): Promise<void> =>
		inTurn(() => write(file, `${JSON.stringify({ gateways: [...admitted.values()] }, null, "\t")}\n`)).catch((cause: unknown) => {
			throw new MillwrightError("namespace.gateways-unwritten", "The list of gateways could not be written", {
				kind: "outage",
				hint: "Check the free space and rights of the data folder.",
				cause,
			});
		});

	function known(gateway: string): Admitted {
		const found = admitted.get(gateway);
		if (found) return found;
		throw new MillwrightError("namespace.gateway-unknown", `There is no gateway "${gateway}"`, {
			kind: "missing",
			hint: "List them: millwright namespace gateways",
		});
	}

	function makeKey(gateway: string): { keyId: string; key: string } {
		if (!master) throw new MillwrightError("namespace.gateways-closed", "The gateways' secret is not there", { kind: "outage" });
		const made = deriveKey(master, gateway, newKeyId());
		return { keyId: made.id, key: writeKey(made) };
	}

	return {
		async load(): Promise<void> {
			await mkdir(folder, { recursive: true, mode: 0o700 });
			const secret = await readFile(secretFile).catch(() => undefined);
			if (secret && secret.length >= 32) master = secret;
			else {
				master = randomBytes(32);
				await write(secretFile, master);
			}
			const text = await readFile(file, "utf8").catch(() => undefined);
			if (text === undefined) return;
			const parsed = z.object({ gateways: z.array(Admitted) }).safeParse(safeJson(text));
			if (!parsed.success) {
				await rename(file, `${file}.broken-${clock.nowMs()}`).catch(() => {});
				log.error("The list of gateways is damaged and was put aside; nobody is admitted", { file });
				return;
			}
			for (const one of parsed.data.gateways) admitted.set(one.gateway, one);
		},
		all: (): Admitted[] => [...admitted.values()],
		find: (gateway: string): Admitted | undefined => admitted.get(gateway),
		known,
		async admit(about: { gateway: string; title: string; paths: string[] }): Promise<{ keyId: string; key: string }> {
			const before = admitted.get(about.gateway);
			if (before && before.revokedAt === undefined)
				throw new MillwrightError("namespace.gateway-admitted", `"${about.gateway}" is admitted already`, {
					kind: "conflict",
					hint: "Rotate its key, or revoke it first.",
				});
			if (!before && admitted.size >= mostGateways)
				throw new MillwrightError("namespace.too-many-gateways", `More than ${mostGateways} gateways`, { kind: "input" });
			const made = makeKey(about.gateway);
			const at = clock.nowMs();
			// A gateway that is let in again may begin anew; what it sent before stays under its numbers.
			admitted.set(about.gateway, { ...about, admittedAt: at, keys: [{ key: made.keyId, madeAt: at }], epoch: 0 });
			await save();
			return made;
		},
		async rotate(gateway: string, oldForMs: number): Promise<{ keyId: string; key: string }> {
			const one = known(gateway);
			if (one.revokedAt !== undefined)
				throw new MillwrightError("namespace.gateway-revoked", `"${gateway}" is shut out`, {
					kind: "conflict",
					hint: "Admit it again.",
				});
			const made = makeKey(gateway);
			const at = clock.nowMs();
			const old = one.keys
				.filter(({ until }) => until === undefined || until > at)
				.map((key) => ({ ...key, until: Math.min(key.until ?? Number.POSITIVE_INFINITY, at + oldForMs) }))
				.filter(({ until }) => until > at);
			one.keys = [{ key: made.keyId, madeAt: at }, ...old].slice(0, 8);
			await save();
			return made;
		},
		async revoke(gateway: string): Promise<void> {
			const one = known(gateway);
			one.revokedAt = clock.nowMs();
			one.keys = [];
			await save();
		},
		/** A key that opens now. Asked with every message, so answered from memory. */
		keyOf(gateway: string, id: string): GatewayKey | undefined {
			const one = admitted.get(gateway);
			if (!one || !master || one.revokedAt !== undefined) return undefined;
			const listed = one.keys.find(({ key }) => key === id);
			if (!listed || (listed.until !== undefined && listed.until <= clock.nowMs())) return undefined;
			const at = `${gateway}\0${id}`;
			let key = keys.get(at);
			if (!key) {
				if (keys.size > 1000) keys.clear();
				key = deriveKey(master, gateway, id);
				keys.set(at, key);
			}
			return key;
		},
		newestKey(gateway: string): GatewayKey | undefined {
			const id = admitted.get(gateway)?.keys[0]?.key;
			return id === undefined ? undefined : this.keyOf(gateway, id);
		},
		heardEpoch(gateway: string, epoch: number): void {
			const one = admitted.get(gateway);
			if (!one || epoch <= one.epoch) return;
			one.epoch = epoch;
			save().catch((thrown: unknown) => log.error("A gateway's epoch was not written down", { gateway, reason: String(thrown) }));
		},
		async dictionaryOf(gateway: string): Promise<KeptDictionary | undefined> {
			const text = await readFile(dictionaryFile(gateway), "utf8").catch(() => undefined);
			if (text === undefined) return undefined;
			const parsed = Dictionary.safeParse(safeJson(text));
			if (parsed.success) return parsed.data;
			log.error("A gateway's tags could not be read; it will send them again", { gateway });
			return undefined;
		},
		keepDictionary(gateway: string, kept: KeptDictionary): void {
			inTurn(() => write(dictionaryFile(gateway), JSON.stringify(kept))).catch((thrown: unknown) =>
				log.error("A gateway's tags were not written down; it will send them again", { gateway, reason: String(thrown) }),
			);
		},
		settled: (): Promise<void> => writing,
		async copyTo(target: string): Promise<void> {
			await inTurn(() => cp(folder, target, { recursive: true, filter: (from) => !from.endsWith(".new") }));
		},
	};
}
export type Registry = ReturnType<typeof createRegistry>;

function safeJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
