// digital_sequencer: runs MAX_POOL, AVERAGE_POOL and ADD over the elements that im2col walks.
//
//   MAX_POOL      a = the largest element of a channel's window that lies inside the input, or 0
//   AVERAGE_POOL  a = the sum of (element - zero) over those
//   ADD           a = the element, b = that of the second operand, delta_i bytes further on
//
// Results go to the output unit as they come, one for each channel of each window. Elements are
// read one a cycle (two cycles each for ADD) while the output unit leaves the window port free and
// the result before is taken in time; behind each result the port stays free for a cycle, so that
// the host's turn comes. That makes elements + 1 cycles a result, and those in which the output
// unit uses the port; at least 4, as for ADD (drivers/descriptor_cycles.hpp has it to the cycle).
// busy_o is high from the cycle after start_i until the last result is taken.
`default_nettype none

module digital_sequencer #(
  parameter integer WINDOW_WIDTH = 16   // of a window address
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,         // asynchronous, active low
  input  wire                    clear_i,        // end at once

  // Settings, stable while busy
  input  wire                    start_i,
  input  wire                    add_i,
  input  wire                    max_i,
  input  wire [7:0]              zero_i,
  input  wire [WINDOW_WIDTH-1:0] delta_i,        // words from operand a to operand b
  output wire                    busy_o,

  // Elements, see im2col
  input  wire                    valid_i,
  output wire                    next_o,
  input  wire [WINDOW_WIDTH+1:0] addr_i,
  input  wire                    inside_i,
  input  wire                    channel_end_i,
  input  wire                    image_end_i,    // this element is the last of its image
  input  wire                    last_i,         // and of all

  // Window, answers in the next cycle
  input  wire                    window_taken_i, // by another user
  output wire                    window_en_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o,
  input  wire [31:0]             window_rdata_i,

  // Results, stable for one cycle after take_i
  output wire                    valid_o,
  input  wire                    take_i,
  output wire                    image_end_o,
  output wire                    last_o,
  output wire signed [31:0]      a_o,
  output wire [7:0]              b_o
);

  reg       busy_q;
  reg       second_q;       // operand b is to be read
  // A read in the cycle before
  reg       read_q;
  reg       read_inside_q;
  reg       read_second_q;
  reg       read_end_q;     // it completes a result
  reg [1:0] read_lane_q;
  reg [1:0] read_ends_q;    // last, image end
  // The result under way, and the one to be taken
  reg signed [31:0] partial_q;
  reg        [7:0]  first_q;
  reg               full_q;
  reg signed [31:0] a_q;
  reg        [7:0]  b_q;
  reg [1:0]         ends_q;

  // A result may be completed once the one before is gone.
  wire       completes = add_i ? second_q : channel_end_i;
  wire       blocked   = window_taken_i || (read_q && read_end_q) || (completes && full_q);
  wire       read      = busy_q && valid_i && !blocked;
  wire [7:0] value     = window_rdata_i[{read_lane_q, 3'd0} +: 8];

  wire signed [31:0] shifted = {24'd0, value} - {24'd0, zero_i};
  wire [7:0] largest = (value > partial_q[7:0]) ? value : partial_q[7:0];
  wire signed [31:0] updated = !read_inside_q ? partial_q
                             : max_i ? $signed({24'd0, largest}) : partial_q + shifted;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q        <= 1'b0;
      second_q      <= 1'b0;
      read_q        <= 1'b0;
      read_inside_q <= 1'b0;
      read_second_q <= 1'b0;
      read_end_q    <= 1'b0;
      read_lane_q   <= 2'd0;
      read_ends_q   <= 2'd0;
    end else if (clear_i) begin
      busy_q   <= 1'b0;
      second_q <= 1'b0;
      read_q   <= 1'b0;
    end else begin
      if (start_i) busy_q <= 1'b1;
      else if (take_i && ends_q[1]) busy_q <= 1'b0;
      read_q <= read;
      if (read) begin
        second_q      <= add_i && !second_q;
        read_inside_q <= inside_i;
        read_second_q <= second_q;
        read_end_q    <= completes;
        read_lane_q   <= addr_i[1:0];
        read_ends_q   <= {last_i, image_end_i};
      end
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      partial_q <= 32'd0;
      first_q   <= 8'd0;
      full_q    <= 1'b0;
      a_q       <= 32'd0;
      b_q       <= 8'd0;
      ends_q    <= 2'd0;
    end else if (clear_i || start_i) begin
      partial_q <= 32'd0;
      full_q    <= 1'b0;
    end else begin
      if (take_i) full_q <= 1'b0;
      if (read_q) begin
        if (!read_second_q) first_q <= value;
        partial_q <= read_end_q ? 32'd0 : updated;
        if (read_end_q) begin
          full_q <= 1'b1;
          a_q    <= add_i ? {24'd0, first_q} : updated;
          b_q    <= add_i ? value : 8'd0;
          ends_q <= read_ends_q;
        end
      end
    end
  end

  assign busy_o        = busy_q;
  assign next_o        = read && (!add_i || second_q);
  assign window_en_o   = read && inside_i;
  assign window_addr_o = addr_i[WINDOW_WIDTH+1:2] + (second_q ? delta_i : {WINDOW_WIDTH{1'b0}});
  assign valid_o       = full_q;
  assign image_end_o   = ends_q[0];
  assign last_o        = ends_q[1];
  assign a_o           = a_q;
  assign b_o           = b_q;

endmodule

`default_nettype wire
