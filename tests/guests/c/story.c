// A bank with a bug, for the story in README: something writes over a balance, and nobody notices
// before the evening's audit.
#include "guest.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

struct account {
  const char* owner;
  int visits[7];  // on each day of the week
  int balance;
};

static struct account accounts[] = {{"Ann", {0}, 100}, {"Bo", {0}, 250}, {"Cy", {0}, 75}};

static void panic(const struct account* account) {
  say("PANIC: ");
  say(account->owner);
  say(" has ");
  say_number(account->balance);
  say("\r\n");
  power_off();
}

static void begin_week(struct account* account) {
  for (int day = 0; day <= 7; ++day) account->visits[day] = 0;
}

static void serve_customers(void) {
  for (int minute = 0; minute < 1000000; ++minute) {
    struct account* account = &accounts[minute % COUNT(accounts)];
    ++account->visits[minute % 7];
  }
}

static void audit(void) {
  for (int i = 0; i < COUNT(accounts); ++i)
    if (accounts[i].balance == 0) panic(&accounts[i]);
  say("The books balance.\r\n");
}

void main(void) {
  say("The bank opens.\r\n");
  begin_week(&accounts[1]);
  serve_customers();
  say("The bank closes.\r\n");
  audit();
  power_off();
}
