import * as z from "zod";

const unitMs: Record<string, number> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const pattern = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)$/;

/** "250 ms", "2s", "72 h" in ms; undefined where the text is not a duration. */
export function durationMs(text: string): number | undefined {
	const match = pattern.exec(text.trim());
	return match ? Number(match[1]) * (unitMs[match[2] as string] as number) : undefined;
}

/** In configuration: "250ms", "2 s", "5min", "72h" or "7d"; ms in the program. */
export const Duration = z
	.union([z.string(), z.number()])
	.transform((given, context) => {
		const ms = typeof given === "number" ? given : durationMs(given);
		if (ms === undefined || !Number.isFinite(ms) || ms < 0) {
			context.addIssue({ code: "custom", message: `"${given}" is not a duration; write e.g. 250ms, 2s, 5min, 72h or 7d` });
			return z.NEVER;
		}
		return ms;
	})
	.meta({ unit: "ms", examples: ["250ms", "2s", "72h"] });
