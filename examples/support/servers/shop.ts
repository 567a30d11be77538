export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly item: string;
  readonly paid: number;
  readonly state: "delivered" | "on its way";
  readonly remark: string;
}

export const customers: readonly Customer[] = [
  { id: "C-1041", name: "Dana Whitfield", email: "dana@example.com" },
  { id: "C-2207", name: "Ira Lindqvist", email: "ira@example.com" },
];

export const orders: readonly Order[] = [
  {
    id: "O-77310",
    customer: "C-1041",
    item: "kettle",
    paid: 49,
    state: "delivered",
    remark: "leaks since the first day, photo seen",
  },
  {
    id: "O-77544",
    customer: "C-1041",
    item: "jacket, made to measure",
    paid: 180,
    state: "delivered",
    remark: "",
  },
  { id: "O-78002", customer: "C-2207", item: "lamp", paid: 75, state: "on its way", remark: "" },
];

export const openingHours = "Monday to Friday 9:00 to 18:00, Saturday 10:00 to 14:00.";
