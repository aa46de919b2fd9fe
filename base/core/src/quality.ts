/**
 * How far a value may be trusted, in one byte, so that it fits a column.
 * The two top bits are the OPC UA severity (00 good, 01 uncertain, 10 bad); the rest is our reason.
 */
export const Quality = {
	good: 0x00,
	/** Good, but entered by hand or forced. */
	goodOverridden: 0x01,

	uncertain: 0x40,
	/** Older than its freshness deadline, the source still answers. */
	uncertainStale: 0x41,
	/** Outside the plausible range of the sensor, kept for judgement. */
	uncertainRange: 0x42,
	/** Changed faster than the quantity can. */
	uncertainRate: 0x43,
	/** A substitute or computed from uncertain inputs. */
	uncertainDerived: 0x44,
	/** The clock of the machine that read it was set back: its time may have been given before. */
	uncertainClock: 0x45,

	bad: 0x80,
	badNotConnected: 0x81,
	/** No value arrived before the freshness deadline and the source is silent. */
	badStale: 0x82,
	badOutOfRange: 0x83,
	badSensorFault: 0x84,
	badStuck: 0x85,
	/** The device answered with an exception for this item. */
	badDevice: 0x86,
	/** The address or type in the configuration is wrong. */
	badConfiguration: 0x87,
	/** The value is not a number where one is due. */
	badType: 0x88,
	badOutOfService: 0x89,
} as const;
export type Quality = number;

const names = new Map<number, string>([
	[Quality.good, "good"],
	[Quality.goodOverridden, "good:overridden"],
	[Quality.uncertain, "uncertain"],
	[Quality.uncertainStale, "uncertain:stale"],
	[Quality.uncertainRange, "uncertain:out-of-range"],
	[Quality.uncertainRate, "uncertain:rate"],
	[Quality.uncertainDerived, "uncertain:derived"],
	[Quality.uncertainClock, "uncertain:clock"],
	[Quality.bad, "bad"],
	[Quality.badNotConnected, "bad:not-connected"],
	[Quality.badStale, "bad:stale"],
	[Quality.badOutOfRange, "bad:out-of-range"],
	[Quality.badSensorFault, "bad:sensor-fault"],
	[Quality.badStuck, "bad:stuck"],
	[Quality.badDevice, "bad:device"],
	[Quality.badConfiguration, "bad:configuration"],
	[Quality.badType, "bad:type"],
	[Quality.badOutOfService, "bad:out-of-service"],
]);
const codes = new Map([...names].map(([code, name]) => [name, code]));

export const isGood = (quality: Quality): boolean => quality < 0x40;
export const isUncertain = (quality: Quality): boolean => quality >= 0x40 && quality < 0x80;
export const isBad = (quality: Quality): boolean => quality >= 0x80;

/** "good", "uncertain" or "bad", with the reason after a colon where there is one. */
export const qualityName = (quality: Quality): string =>
	names.get(quality) ?? (isGood(quality) ? "good" : isUncertain(quality) ? "uncertain" : "bad");

/** The code behind a name; undefined where the name is unknown. */
export const qualityCode = (name: string): Quality | undefined => codes.get(name);

/** The word of the sources' payload: Good, Uncertain, Bad. */
export const qualityWord = (quality: Quality): "Good" | "Uncertain" | "Bad" =>
	isGood(quality) ? "Good" : isUncertain(quality) ? "Uncertain" : "Bad";

/** The less trustworthy of two. */
export const worst = (a: Quality, b: Quality): Quality => (b >> 6 > a >> 6 ? b : a);

/** OPC UA StatusCode (32 bit) to ours. Source: OPC UA Part 4 §7.39 and Part 6 annex A. */
export function qualityFromOpcUa(status: number): Quality {
	const severity = (status >>> 30) & 0x3;
	const code = (status & 0xffff0000) >>> 0;
	if (severity === 0) return code === 0x00960000 ? Quality.goodOverridden : Quality.good;
	if (severity === 1) return code === 0x40900000 ? Quality.uncertainStale : Quality.uncertain;
	switch (code) {
		case 0x808a0000: // BadNotConnected
		case 0x80050000: // BadCommunicationError
		case 0x80310000: // BadNoCommunication
		case 0x800d0000: // BadServerNotConnected
			return Quality.badNotConnected;
		case 0x808c0000: // BadSensorFailure
			return Quality.badSensorFault;
		case 0x808b0000: // BadDeviceFailure
			return Quality.badDevice;
		case 0x803c0000: // BadOutOfRange
			return Quality.badOutOfRange;
		case 0x808d0000: // BadOutOfService
			return Quality.badOutOfService;
		case 0x80340000: // BadNodeIdUnknown
		case 0x80330000: // BadNodeIdInvalid
		case 0x80350000: // BadAttributeIdInvalid
		case 0x80890000: // BadConfigurationError
		case 0x803a0000: // BadNotReadable
			return Quality.badConfiguration;
		default:
			return Quality.bad;
	}
}
