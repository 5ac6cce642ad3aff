import { modals } from "@mantine/modals";
import { DialogPart, part } from "../../platform/part.tsx";

const ProvisionForm = part(() => import("./provision-form.tsx").then(({ ProvisionForm }) => ProvisionForm));

/** One dialog at a time. */
const ID = "provision";

/** Opens the form that gives a user a subaccount. @param onDone gets the user's id */
export function openProvision(onDone: (userId: string) => void): void {
  modals.open({
    modalId: ID,
    title: "Provision a user",
    children: (
      <DialogPart height={300} label="Loading the form">
        <ProvisionForm
          dialog={ID}
          onDone={(userId) => {
            modals.close(ID);
            onDone(userId);
          }}
          onClose={() => modals.close(ID)}
        />
      </DialogPart>
    ),
  });
}
