import type { Me } from "@millwright/access/api";
import { createContext, type ReactNode, use } from "react";
import type * as z from "zod";

export type Person = z.output<typeof Me>;

export interface Session {
	me: Person;
	/** True when the person may call "<step>.<operation>"; what one may not call is not shown. */
	may(operation: string): boolean;
	replace(me: Person): void;
	signOut(): Promise<void>;
}

const context = createContext<Session | undefined>(undefined);

export const SessionProvider = ({ session, children }: { session: Session; children: ReactNode }) => (
	<context.Provider value={session}>{children}</context.Provider>
);

export function useSession(): Session {
	const session = use(context);
	if (!session) throw new Error("useSession outside of the signed-in pages");
	return session;
}
