import { type KindFacts, stateFact, type TagFact } from "../fact.ts";

const zone = (number: number, low: number, high: number): Record<string, TagFact> => ({
	[`zone-${number}-temperature`]: {
		title: [`Zone ${number} temperature`, `Temperatura de la zona ${number}`],
		unit: "Cel",
		range: [0, 300],
		normal: [low + 4, high - 4],
		limits: { lowLow: low - 10, low, high, highHigh: high + 10, deadband: 0.5, onDelayMs: 20_000 },
		decimals: 1,
		overview: number,
		deadband: 0.1,
		stuckAfter: "5min",
		context: { setpoint: `zone-${number}-setpoint`, mode: "state" },
	},
	[`zone-${number}-setpoint`]: {
		title: [`Zone ${number} set point`, `Consigna de la zona ${number}`],
		unit: "Cel",
		range: [40, 220],
		decimals: 1,
	},
});

export const ovenFacts: KindFacts = {
	kind: "oven",
	title: ["Curing oven", "Horno de curado"],
	symbol: "oven",
	state: "state",
	tags: {
		state: stateFact,
		...zone(1, 130, 150),
		...zone(2, 155, 175),
		...zone(3, 140, 160),
		"heater-power": {
			title: ["Heater power", "Potencia de calefacción"],
			unit: "kW",
			range: [0, 60],
			normal: [10, 35],
			decimals: 2,
			deadband: 0.1,
		},
		humidity: {
			title: ["Exhaust humidity", "Humedad del aire de salida"],
			unit: "%",
			range: [0, 100],
			normal: [5, 16],
			limits: { high: 20, highHigh: 28, deadband: 0.5, onDelayMs: 20_000 },
			decimals: 1,
			overview: 4,
			deadband: 0.2,
		},
		"fan-current": {
			title: ["Fan current", "Corriente del ventilador"],
			unit: "A",
			range: [0, 20],
			normal: [5.2, 6.5],
			limits: { low: 4.8, lowLow: 3, deadband: 0.1, onDelayMs: 10_000 },
			decimals: 2,
			deadband: 0.04,
		},
	},
};
