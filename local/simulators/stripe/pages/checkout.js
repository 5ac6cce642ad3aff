// Shows what is due today for the chosen plan.
const total = document.querySelector("#total");
for (const radio of document.querySelectorAll('input[name="plan"]')) {
  radio.addEventListener("change", () => {
    total.textContent = radio.dataset.total;
  });
}
