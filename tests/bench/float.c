// Double precision by SSE2: five bodies under gravity (divisions and square roots), and products of matrices.
#include <math.h>

#include "bench.h"

enum { kBodies = 5, kSize = 160 };

static struct {
  double at[3], speed[3], mass;
} body[kBodies];

static void pull(double time) {
  for (int i = 0; i < kBodies; ++i)
    for (int j = i + 1; j < kBodies; ++j) {
      double way[3], square = 0.01;  // softened: bodies may meet
      for (int k = 0; k < 3; ++k) {
        way[k] = body[j].at[k] - body[i].at[k];
        square += way[k] * way[k];
      }
      const double force = time / (square * sqrt(square));
      for (int k = 0; k < 3; ++k) {
        body[i].speed[k] += way[k] * body[j].mass * force;
        body[j].speed[k] -= way[k] * body[i].mass * force;
      }
    }
  for (int i = 0; i < kBodies; ++i)
    for (int k = 0; k < 3; ++k) body[i].at[k] += time * body[i].speed[k];
}

static double left[kSize][kSize], right[kSize][kSize], product[kSize][kSize];
static void multiply(void) {
  for (int row = 0; row < kSize; ++row)
    for (int column = 0; column < kSize; ++column) {
      double sum = 0;
      for (int k = 0; k < kSize; ++k) sum += left[row][k] * right[k][column];
      product[row][column] = sum;
    }
}

int main(void) {
  uint64_t seed = 2, sum = kFoldStart;
  for (int i = 0; i < kBodies; ++i) {
    body[i].mass = i + 1;
    for (int k = 0; k < 3; ++k) {
      body[i].at[k] = (double)(chance(&seed) % 1000) * 0.01;
      body[i].speed[k] = (double)(chance(&seed) % 1000) * 0.001 - 0.5;
    }
  }
  for (int step = 0; step < 500000; ++step) pull(0.0005);
  for (int i = 0; i < kBodies; ++i) sum = fold(sum, body[i].at, sizeof body[i].at);
  for (int row = 0; row < kSize; ++row)
    for (int column = 0; column < kSize; ++column) {
      left[row][column] = row * column % 13 * 0.25;
      right[row][column] = (row + column) % 11 - 5.5;
    }
  for (int round = 0; round < 10; ++round) {
    multiply();
    for (int row = 0; row < kSize; ++row) left[row][round] = product[row][round] * 0.001;
  }
  return done("float", fold(sum, product, sizeof product));
}
