import { useLocation, useSearch } from "wouter";

/** A choice in the query of the address. What is unknown there is the usual one, which is not written. */
export function useParameter<Choice extends string>(
  name: string,
  choices: readonly Choice[],
  usual: Choice,
): [Choice, (choice: Choice) => void] {
  const [path, navigate] = useLocation();
  const search = useSearch();
  const chosen = choices.find((choice) => choice === new URLSearchParams(search).get(name)) ?? usual;
  const choose = (choice: Choice) => {
    const query = new URLSearchParams(search);
    if (choice === usual) query.delete(name);
    else query.set(name, choice);
    navigate(query.size === 0 ? path : `${path}?${query}`, { replace: true });
  };
  return [chosen, choose];
}
