import { type KindFacts, stateFact } from "../fact.ts";

/** Only the template: the machine itself is the newcomer's to connect. */
export const palletizerFacts: KindFacts = {
	kind: "palletizer",
	title: ["Palletizer", "Paletizador"],
	symbol: "machine",
	state: "state",
	tags: {
		state: stateFact,
		"status-word": { title: ["Status word", "Palabra de estado"], kind: "integer" },
		"pallet-count": { title: ["Pallets", "Palés"], kind: "integer", unit: "{#}", overview: 1 },
		layer: { title: ["Layer", "Capa"], kind: "integer", range: [0, 6] },
		"cycle-time": { title: ["Cycle time", "Tiempo de ciclo"], unit: "s", range: [0, 60], decimals: 1 },
		vacuum: { title: ["Vacuum", "Vacío"], unit: "bar", range: [-1, 0], normal: [-0.75, 0], decimals: 3 },
		"motor-current": {
			title: ["Motor current", "Corriente del motor"],
			unit: "A",
			range: [0, 40],
			normal: [1, 9.5],
			limits: { high: 10.5, highHigh: 12, deadband: 0.2, onDelayMs: 5000 },
			decimals: 2,
		},
		"motor-temperature": {
			title: ["Motor temperature", "Temperatura del motor"],
			unit: "Cel",
			range: [0, 150],
			normal: [20, 55],
			limits: { high: 60, highHigh: 75, deadband: 1, onDelayMs: 10_000 },
			decimals: 1,
			overview: 3,
		},
		vibration: {
			title: ["Vibration", "Vibración"],
			unit: "mm/s",
			range: [0, 25],
			normal: [0, 2.5],
			limits: { high: 4.5, highHigh: 7.1, deadband: 0.3, onDelayMs: 3000 },
			decimals: 2,
			overview: 2,
		},
		energy: { title: ["Energy counter", "Contador de energía"], unit: "kW.h", decimals: 1, dataClass: "confidential" },
	},
};
