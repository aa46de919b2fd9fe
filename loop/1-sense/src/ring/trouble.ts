import type { Log } from "@millwright/core";
import type { Health } from "@millwright/runtime";
import type { RingAnswer } from "./messages.ts";

type Failed = Extract<RingAnswer, { type: "failed" }>;

/** What is wrong with the ring now, in words for people; logged when it begins and when it ends, not in between. */
export function createTrouble({ file, log }: { file: string; log: Log }) {
	let now: { code: string; reason: string; hint: string } | undefined;
	return {
		get isOn(): boolean {
			return now !== undefined;
		},
		cannotOpen(message: string): void {
			if (now?.code !== "sense.ring-closed")
				log.error("The ring cannot be opened; values are lost until it can", { file, reason: message });
			now = {
				code: "sense.ring-closed",
				reason: `The ring cannot be opened: ${message}`,
				hint: "Check the rights and the free space of the data folder.",
			};
		},
		threadEnded(message: string): void {
			log.error("The ring's thread ended; it is started again", { reason: message });
			now = { code: "sense.ring-closed", reason: message, hint: "It is being opened again." };
		},
		/** Stays on until a restart: somebody has to see it. */
		putAside(aside: string): void {
			now = {
				code: "sense.ring-broken",
				reason: `The ring file was damaged and has been put aside as ${aside}; a fresh one is in use`,
				hint: "What the history had not yet taken is lost. Check the disk, then acknowledge by restarting.",
			};
			log.error("The ring file is damaged and was put aside; a fresh one is begun", { aside });
		},
		cannotWrite({ code, message }: Pick<Failed, "code" | "message">): void {
			if (!now) log.error("The ring cannot be written; values wait in memory", { code, reason: message });
			now =
				code === "full"
					? {
							code: "sense.ring-full",
							reason: "The disk of the ring is full",
							hint: "Free some space; the ring goes on by itself.",
						}
					: {
							code: "sense.ring-failing",
							reason: `The ring cannot be written: ${message}`,
							hint: "Check the disk of the data folder.",
						};
		},
		opened(): void {
			now = undefined;
		},
		written(): void {
			if (!now || now.code === "sense.ring-broken") return;
			log.info("The ring takes values again");
			now = undefined;
		},
		/** `waiting`: rows in memory; `lost`: rows that found no room even there. */
		health({ waiting, lost }: { waiting: number; lost: number }): Health {
			if (!now) return { state: "good" };
			const { code, reason, hint } = now;
			if (code === "sense.ring-broken") return { state: "degraded", reason, hint };
			const figures = `${waiting} values wait in memory${lost > 0 ? `, ${lost} are lost` : ""}`;
			return { state: "failing", reason: `${reason}; ${figures}`, hint };
		},
	};
}
export type Trouble = ReturnType<typeof createTrouble>;
