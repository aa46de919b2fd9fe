/** A first edge.yaml for a gateway that was just admitted: one machine to be replaced by the real one, and the way here. */
export function edgeYaml({ gateway, path, host }: { gateway: string; path: string; host: string }): string {
	return `sense:
  connections:
    press:
      driver: modbus
      settings: { host: 192.168.10.20 }
      every: 1s
      tags:
        ${path}/press/force: { address: { number: 40101, type: float32 }, unit: kN }
uplink:
  centre:
    url: mqtt://${host}:1883
    gateway: ${gateway}
    key: \${env:MILLWRIGHT_SECRET_UPLINK}
`;
}

/** The environment of the box, where the key belongs. */
export const edgeEnvironment = (key: string): string => `MILLWRIGHT_SECRET_UPLINK=${key}`;

export const edgeCommand = "node millwright-edge.js --config edge.yaml --data data";
