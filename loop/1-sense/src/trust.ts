import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Log, MillwrightError, type PeerCertificate, type TrustStore } from "@millwright/core";
import * as z from "zod";
import { TrustEntry } from "./api.ts";

/** Strangers can knock with as many certificates as they like; waiting ones beyond this are forgotten, oldest first. */
const mostWaiting = 500;

const Kept = z.object({ certificates: z.array(TrustEntry.extend({ pem: z.string() })) });
type Entry = z.output<typeof Kept>["certificates"][number];

export interface ConnectionTrust extends TrustStore {
	isRefused(thumbprint: string): boolean;
	/** Resolves when somebody decides about the certificate, after `ms`, or when the signal is aborted. */
	decision(thumbprint: string, ms: number, signal: AbortSignal): Promise<void>;
}

const publicPart = ({ pem: _pem, ...entry }: Entry): TrustEntry => entry;

/** Which machines' certificates people trust, in one JSON file. */
export function createTrust({ file, clock, log }: { file: string; clock: Clock; log: Log }) {
	const entries = new Map<string, Entry>();
	const waiting = new Set<{ thumbprint: string; wake(): void }>();
	let saving: Promise<void> = Promise.resolve();
	let isDirty = false;

	function save(): Promise<void> {
		isDirty = true;
		saving = saving.then(async () => {
			if (!isDirty) return;
			isDirty = false;
			await mkdir(dirname(file), { recursive: true });
			const handle = await open(`${file}.new`, "w", 0o600);
			try {
				await handle.writeFile(`${JSON.stringify({ certificates: [...entries.values()] }, null, "\t")}\n`);
				await handle.sync();
			} finally {
				await handle.close();
			}
			await rename(`${file}.new`, file);
		});
		saving = saving.catch((thrown: unknown) =>
			log.error("Certificate decisions could not be written", { file, reason: String(thrown) }),
		);
		return saving;
	}

	function meet(connection: string, certificate: PeerCertificate): Entry {
		const known = entries.get(certificate.thumbprint);
		if (known) {
			if (!known.connections.includes(connection)) {
				known.connections.push(connection);
				known.seenAt = clock.nowMs();
				void save();
			}
			return known;
		}
		const strangers = [...entries.values()].filter(({ state }) => state === "waiting").sort((a, b) => a.seenAt - b.seenAt);
		for (const old of strangers.slice(0, Math.max(0, strangers.length - mostWaiting + 1))) entries.delete(old.thumbprint);
		const { thumbprint, subject, issuer, applicationUri, validFromMs, validUntilMs, pem } = certificate;
		const entry: Entry = {
			thumbprint,
			subject,
			issuer,
			...(applicationUri === undefined ? {} : { applicationUri }),
			validFrom: Math.round(validFromMs),
			validUntil: Math.round(validUntilMs),
			state: "waiting",
			connections: [connection],
			seenAt: clock.nowMs(),
			pem,
		};
		entries.set(thumbprint, entry);
		void save();
		return entry;
	}

	return {
		async load(): Promise<void> {
			const text = await readFile(file, "utf8").catch(() => undefined);
			if (text === undefined) return;
			const parsed = Kept.safeParse(safeJson(text));
			if (!parsed.success) {
				await rename(file, `${file}.broken-${clock.nowMs()}`).catch(() => {});
				log.error("The file of certificate decisions is damaged and was put aside; nothing is trusted", { file });
				return;
			}
			for (const entry of parsed.data.certificates) entries.set(entry.thumbprint, entry);
		},
		forConnection: (connection: string): ConnectionTrust => ({
			isTrusted: (certificate) => meet(connection, certificate).state === "trusted",
			isRefused: (thumbprint) => entries.get(thumbprint)?.state === "refused",
			decision: (thumbprint, ms, signal) =>
				new Promise((resolve) => {
					const place = {
						thumbprint,
						wake() {
							waiting.delete(place);
							timer.cancel();
							signal.removeEventListener("abort", place.wake);
							resolve();
						},
					};
					const timer = clock.after(ms, place.wake);
					// Decided while the attempt was still failing.
					if (signal.aborted || entries.get(thumbprint)?.state === "trusted") return place.wake();
					signal.addEventListener("abort", place.wake, { once: true });
					waiting.add(place);
				}),
		}),
		list: (): TrustEntry[] => [...entries.values()].map(publicPart).sort((a, b) => b.seenAt - a.seenAt),
		async decide(thumbprint: string, trusted: boolean): Promise<TrustEntry> {
			const entry = entries.get(thumbprint);
			if (!entry)
				throw new MillwrightError("sense.certificate-unknown", `No machine has shown the certificate ${thumbprint}`, {
					kind: "missing",
					hint: "List those that wait: millwright sense certificates",
				});
			entry.state = trusted ? "trusted" : "refused";
			await save();
			for (const place of [...waiting]) if (place.thumbprint === thumbprint) place.wake();
			return publicPart(entry);
		},
		settled: (): Promise<void> => saving,
	};
}
export type Trust = ReturnType<typeof createTrust>;

function safeJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
