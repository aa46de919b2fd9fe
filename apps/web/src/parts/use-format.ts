import { useMemo, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import * as format from "./format.ts";
import { wordsIn } from "./words.ts";

/** The formatters in the language of the page. */
export function useFormat() {
	const { i18n } = useTranslation();
	const locale = i18n.language;
	return useMemo(
		() => ({
			locale,
			value: (value: number, decimals?: number) => format.formatValue(value, locale, decimals),
			count: (value: number) => format.formatCount(value, locale),
			short: (value: number) => format.formatShort(value, locale),
			rate: (value: number) => format.formatRate(value, locale),
			percent: (share: number, decimals?: number) => format.formatPercent(share, locale, decimals),
			duration: (ms: number) => format.formatDuration(ms, locale),
			clock: (ms: number) => format.formatClock(ms, locale),
			clockSeconds: (ms: number) => format.formatClockSeconds(ms, locale),
			dateTime: (ms: number) => format.formatDateTime(ms, locale),
			date: (ms: number) => format.formatDate(ms, locale),
			moment: (ms: number, now: number) => format.formatMoment(ms, locale, now),
			bytes: (bytes: number) => format.formatBytes(bytes, locale),
			words: (words: string | Record<string, string> | undefined) => wordsIn(words, locale),
		}),
		[locale],
	);
}
export type Format = ReturnType<typeof useFormat>;

const tickers = new Map<number, { now: number; listeners: Set<() => void>; timer: ReturnType<typeof setInterval> | undefined }>();

/** The time, renewed together for everyone who shows an age at this pace. */
export function useNow(everyMs = 1000): number {
	let ticker = tickers.get(everyMs);
	if (!ticker) {
		ticker = { now: Date.now(), listeners: new Set(), timer: undefined };
		tickers.set(everyMs, ticker);
	}
	const shared = ticker;
	return useSyncExternalStore(
		(changed) => {
			shared.listeners.add(changed);
			shared.timer ??= setInterval(() => {
				shared.now = Date.now();
				for (const listener of shared.listeners) listener();
			}, everyMs);
			return () => {
				shared.listeners.delete(changed);
				if (shared.listeners.size > 0) return;
				clearInterval(shared.timer);
				shared.timer = undefined;
			};
		},
		() => {
			if (shared.timer === undefined && Date.now() - shared.now > everyMs) shared.now = Date.now();
			return shared.now;
		},
	);
}
