/** Numbers and times for the eye, by locale. Formatters are costly to make and cheap to use, hence kept. */
const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
	const key = `${locale} ${JSON.stringify(options)}`;
	let format = numbers.get(key);
	if (!format) {
		format = new Intl.NumberFormat(locale, options);
		numbers.set(key, format);
	}
	return format;
}

function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
	const key = `${locale} ${JSON.stringify(options)}`;
	let format = dates.get(key);
	if (!format) {
		format = new Intl.DateTimeFormat(locale, options);
		dates.set(key, format);
	}
	return format;
}

/** Decimals that show three to four digits of a scale: 0–100 gets one, 0–10 two, 0–1 three. */
export function decimalsFor(span: number): number {
	if (!Number.isFinite(span) || span <= 0) return 2;
	return Math.max(0, Math.min(6, 3 - Math.round(Math.log10(span))));
}

/** A measured value. Without decimals, four significant digits and no trailing zeros. */
export function formatValue(value: number, locale: string, decimals?: number): string {
	if (!Number.isFinite(value)) return "–";
	if (decimals !== undefined)
		return numberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: "min2" }).format(
			value,
		);
	const size = Math.abs(value);
	if (size !== 0 && (size >= 1e9 || size < 1e-4))
		return numberFormat(locale, { notation: "scientific", maximumSignificantDigits: 4 }).format(value);
	return numberFormat(locale, {
		maximumFractionDigits: size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4,
		useGrouping: "min2",
	}).format(value);
}

/** A count: whole, grouped. */
export const formatCount = (value: number, locale: string): string =>
	numberFormat(locale, { maximumFractionDigits: 0 }).format(value);

/** A count in little room: 512, 4.2k, 1.3M. */
export const formatShort = (value: number, locale: string): string =>
	numberFormat(locale, { notation: "compact", maximumFractionDigits: 1 }).format(value);

/** A rate: three digits at most. */
export function formatRate(value: number, locale: string): string {
	return numberFormat(locale, { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2 }).format(value);
}

export const formatPercent = (share: number, locale: string, decimals = 1): string =>
	numberFormat(locale, { style: "percent", maximumFractionDigits: decimals }).format(share);

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const unitsOfTime: [number, Intl.NumberFormatOptions["unit"]][] = [
	[day, "day"],
	[hour, "hour"],
	[minute, "minute"],
	[second, "second"],
];

/** A length of time in its largest fitting unit, two where the first is small: "41 min", "1 h 12 min", "3 d". */
export function formatDuration(ms: number, locale: string): string {
	if (!Number.isFinite(ms)) return "–";
	if (ms < second)
		return numberFormat(locale, {
			style: "unit",
			unit: "millisecond",
			unitDisplay: "short",
			maximumFractionDigits: ms < 10 ? 1 : 0,
		}).format(ms);
	const at = unitsOfTime.findIndex(([size]) => ms >= size);
	const [size, unit] = unitsOfTime[at] as [number, string];
	const show = (count: number, of: string): string =>
		numberFormat(locale, { style: "unit", unit: of, unitDisplay: "short", maximumFractionDigits: 0 }).format(count);
	const whole = Math.floor(ms / size);
	const next = unitsOfTime[at + 1];
	if (!next || whole >= 10 || size === minute) return show(size === second ? Math.round(ms / second) : whole, unit);
	const rest = Math.floor((ms - whole * size) / next[0]);
	return rest === 0 ? show(whole, unit) : `${show(whole, unit)} ${show(rest, next[1] as string)}`;
}

export const formatClock = (ms: number, locale: string): string =>
	dateFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);

export const formatClockSeconds = (ms: number, locale: string): string =>
	dateFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(ms);

export const formatDateTime = (ms: number, locale: string): string =>
	dateFormat(locale, {
		year: "numeric",
		month: "short",
		day: "numeric",
		hour: "2-digit",
		minute: "2-digit",
		second: "2-digit",
		hourCycle: "h23",
	}).format(ms);

export const formatDate = (ms: number, locale: string): string =>
	dateFormat(locale, { year: "numeric", month: "short", day: "numeric" }).format(ms);

/** The time where it was today, else with its date: always unmistakable, never longer than needed. */
export function formatMoment(ms: number, locale: string, now: number): string {
	const same = new Date(ms).toDateString() === new Date(now).toDateString();
	if (same) return now - ms < 10 * minute ? formatClockSeconds(ms, locale) : formatClock(ms, locale);
	const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
	return dateFormat(locale, {
		...(sameYear ? {} : { year: "numeric" }),
		month: "short",
		day: "numeric",
		hour: "2-digit",
		minute: "2-digit",
		hourCycle: "h23",
	}).format(ms);
}

/** The end of an axis: as fine as the window needs. */
export function formatTick(ms: number, locale: string, stepMs: number): string {
	if (stepMs >= 300 * day) return dateFormat(locale, { year: "numeric" }).format(ms);
	if (stepMs >= 27 * day) return dateFormat(locale, { month: "short", year: "2-digit" }).format(ms);
	if (stepMs >= day) return dateFormat(locale, { day: "numeric", month: "short" }).format(ms);
	if (stepMs >= minute) return formatClock(ms, locale);
	return formatClockSeconds(ms, locale);
}

export function formatBytes(bytes: number, locale: string): string {
	const names = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
	let at = 0;
	let size = bytes;
	while (size >= 1000 && at < names.length - 1) {
		size /= 1000;
		at++;
	}
	return numberFormat(locale, {
		style: "unit",
		unit: names[at] as string,
		unitDisplay: "short",
		maximumFractionDigits: size >= 100 || at === 0 ? 0 : 1,
	}).format(size);
}
