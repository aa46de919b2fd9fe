import { createContext, lazy, type ReactNode, Suspense, use, useMemo, useState } from "react";

const LineageDrawer = lazy(() => import("./lineage-drawer.tsx").then((part) => ({ default: part.LineageDrawer })));

const context = createContext<(tag: string) => void>(() => {});

/** Every number opens the way it came: `useLineage()(tag)`. */
export const useLineage = (): ((tag: string) => void) => use(context);

export function LineageProvider({ children }: { children: ReactNode }) {
	const [tag, setTag] = useState<string>();
	const open = useMemo(() => (name: string) => setTag(name), []);
	return (
		<context.Provider value={open}>
			{children}
			{tag === undefined ? null : (
				<Suspense fallback={null}>
					<LineageDrawer tag={tag} onClose={() => setTag(undefined)} />
				</Suspense>
			)}
		</context.Provider>
	);
}
